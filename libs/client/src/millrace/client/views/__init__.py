"""What the command line shows: pure functions from the API's models to rich renderables."""
