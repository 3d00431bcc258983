"""What `deployer doctor` looks at: this machine, the project in git, and the service."""
