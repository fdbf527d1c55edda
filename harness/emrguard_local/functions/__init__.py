"""AWS Lambda, as far as custom resources need it: Python functions that are run in processes of their own."""
