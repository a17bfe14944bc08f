"""What rooms above may ask of the scorecard."""

from cheban.scorecard.figures import Figure, person_figure, store_figure

__all__ = ["Figure", "person_figure", "store_figure"]
