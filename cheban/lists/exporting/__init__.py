"""Lists out as files: asked for by a person, written by a job, fetched by the same person. R019, Y09."""
