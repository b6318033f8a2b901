"""The agents: each takes one topic, or a timer, to a service."""
