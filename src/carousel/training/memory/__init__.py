"""Problems of memory: sequences drawn as they are needed, a model that answers them, the gradient of 1997."""
