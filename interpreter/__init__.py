"""Local Interpreter: a language model writes code, and it runs on your own machine. Imports nothing heavy."""

__version__ = "0.1.0"
