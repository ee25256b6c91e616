"""The events of the platform: what each says, on which topic, under which key.

Needs only pydantic, so that it can be published alone.
"""
