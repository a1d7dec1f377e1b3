"""What runs on the GPU, in Triton: the equations of a step, and the two forms that go through time with them."""
