"""What the service is measured against: each as fast as we know how to make it."""
