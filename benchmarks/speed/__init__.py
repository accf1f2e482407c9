"""The speed of derivatives beside hand-written code, JAX, PyTorch and tensorgrad: see docs/performance.md."""
