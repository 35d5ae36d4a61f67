"""What holds for all tests."""

from hypothesis import settings

# the same examples every time, and no failure because the machine was busy
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
