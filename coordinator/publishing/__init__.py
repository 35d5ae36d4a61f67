"""Publishing: what is put where, and the outbox that puts it there effectively once."""
