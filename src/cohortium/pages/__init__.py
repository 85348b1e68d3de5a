"""What all pages that people look at share: one frame, one palette, one way to draw. It knows no health.

``page`` assembles a page from a room's own ``page.html.j2`` and ``page.css``; ``templates`` are the room's templates
beside the shared ones, for texts that are no pages; ``LISTING`` is a sheet of rules that several pages take. ``LIGHT``
and ``DARK`` are the colours, ``contrast`` says how well one is told from another. Drawings are made of the parts in
``pages.svg``, laid out by ``pages.scale``.
"""

from cohortium.pages.assembly import LISTING, page, templates
from cohortium.pages.palette import DARK, LIGHT, contrast, stylesheet_colours

__all__ = ["DARK", "LIGHT", "LISTING", "contrast", "page", "stylesheet_colours", "templates"]
