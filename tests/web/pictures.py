"""The pictures of docs/images, taken anew: `python -m tests.web.pictures`.  pngquant makes them small, if it is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from selenium.webdriver.support.ui import WebDriverWait

from tests.web.browser import browser
from tests.web.serving import serving

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LOGISTIC = "sum(log(ones(m)+%2B+exp(-y.*(X*w))))"
PICTURES = {  #: name to width, height, dark, path
    "start": (1200, 1060, False, "/"),
    "derivative": (1200, 1060, False, "/?f=norm2(X*w+-+y)^2&by=w"),
    "dark": (1200, 1160, True, f"/?f={LOGISTIC}&by=w&by=w&tab=structure"),
    "cost": (1200, 1480, False, "/?f=tr(A*X'*B*X*C)&by=X&tab=cost"),
    "network": (1200, 1260, False, "/?f=tr(A*X'*B*X*C)&by=X&tab=structure"),
    "phone": (390, 844, False, f"/?f={LOGISTIC}&by=w"),
    "chinese": (390, 844, True, "/?f=norm2(relu(W2*relu(W1*x))-y)^2&by=x&lang=zh"),
    "korean": (1200, 1060, False, "/?f=logdet(S)+%2B+x'*inv(S)*x&by=S&let=S:+spd&lang=ko"),
    "identity": (1200, 900, False, "/check?s=d(x'*A*x)/dx+%3D+2*A*x"),
}


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with serving() as address:
        for name, (width, height, dark, path) in PICTURES.items():
            file = IMAGES / f"{name}.png"
            with browser(width, height, dark) as page:
                page.get(address + path)
                WebDriverWait(page, 20).until(lambda d: d.execute_script("return document.fonts.status") == "loaded")
                page.save_screenshot(str(file))
            if shutil.which("pngquant"):
                subprocess.run(["pngquant", "--force", "--ext", ".png", "--quality", "70-95", str(file)], check=True)


if __name__ == "__main__":
    main()
