"""Matrix functions whose derivatives are not known here yet: read, printed, and refused by name."""

from closedform.core.op import undifferentiated

expm = undifferentiated("expm", "(n,n) -> (n,n)", "The matrix exponential.", latex=r"\operatorname{expm}({0})",
                        code="scipy.linalg.expm({0})")
logm = undifferentiated("logm", "(n,n) -> (n,n)", "The principal matrix logarithm.", latex=r"\operatorname{logm}({0})",
                        code="scipy.linalg.logm({0})", domain="no eigenvalue of {0} on (-∞, 0]")
sqrtm = undifferentiated("sqrtm", "(n,n) -> (n,n)", "The principal matrix square root.", latex=r"{0}^{{1/2}}",
                         code="scipy.linalg.sqrtm({0})", domain="no eigenvalue of {0} on (-∞, 0]")
pinv = undifferentiated("pinv", "(m,n) -> (n,m)", "The Moore–Penrose inverse.", latex=r"{0}^{{+}}",
                        code="np.linalg.pinv({0})")
normnuc = undifferentiated("normnuc", "(m,n) -> (1,1)", "The nuclear norm, the sum of the singular values.",
                           latex=r"\lVert {0} \rVert_*", code="np.linalg.norm({0}, 'nuc')")
