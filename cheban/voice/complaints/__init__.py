"""Red alerts and complaints: one owner, three findings, one solution, one voice. R113-R128."""
