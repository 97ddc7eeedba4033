"""The program in a real terminal: a pty read by a screen emulator, and tmux."""
