"""Running a notebook's cells again without a model, and comparing what comes of them. Asks no model."""
