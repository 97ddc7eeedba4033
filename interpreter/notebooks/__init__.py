"""Notebooks: a session as one, one as a session, and one as other formats. Runs nothing."""
