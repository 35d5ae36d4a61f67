"""Publishing: what companies agreed to share, and their own documents, put where people read."""
