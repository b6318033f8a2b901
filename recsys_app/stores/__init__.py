"""The outside world, one technology a module; errors of the clients become errors of ours."""
