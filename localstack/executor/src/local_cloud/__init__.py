"""The Python side of the local cloud: Lambda functions and PostgreSQL as plain processes."""
