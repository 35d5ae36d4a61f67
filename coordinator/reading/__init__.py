"""Reading a source little by little: from where on, what is new, what an answer holds."""
