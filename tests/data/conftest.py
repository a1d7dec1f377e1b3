from hypothesis import settings

# A busy machine may take long over one example; that is no fault of the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
