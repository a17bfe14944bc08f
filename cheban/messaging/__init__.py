"""The messaging room: outbox, templates, the one gate, channels."""
