"""The rules of the service; what they need comes as arguments."""
