"""How Sphinx builds these pages: `make docs`."""

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

import harma

project = "HarMA"
author = "The HarMA contributors"
copyright = "the HarMA contributors, Apache-2.0"
version = release = harma.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_static_path = ["_static"]
html_title = f"HarMA {version}"
# Blocks without a language are commands or formulas; they are shown as they are.
highlight_language = "none"
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Lines of cron, for which Pygments has no colours.
lexers["cron"] = TextLexer()
