"""What is recorded: event types, the hash chain, and a company's state from its events."""
