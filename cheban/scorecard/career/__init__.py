"""Career path: grades, what each asks, who stands where, who was graded when and by whom. R179, R180, R183.

`ladder` what a grade asks (a group's or store's own, else the house's) · `standing` who has what · `grading` the
change · `views` the page. Reads trainings (org), figures and benchmark cases (scorecard); pays nothing: that is
`incentives`.
"""
