"""What may be chosen, and how nanodex speaks: settings, errors, console, manifests. Imports no other floor."""
