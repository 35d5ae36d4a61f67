"""The manifests that describe code: read from bytes, never raising."""
