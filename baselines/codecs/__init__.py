"""Conventional picture codecs: bytes in, bytes out; they know nothing of channels."""
