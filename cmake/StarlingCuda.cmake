# STARLING_HAVE_CUDA: whether nvcc was found and the CUDA backend is built.
set(STARLING_HAVE_CUDA OFF)
