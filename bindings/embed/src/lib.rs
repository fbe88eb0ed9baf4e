//! What every language needs beside the core and no language has of its own.
