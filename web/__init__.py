"""The views: each module has the routes of one resource."""
