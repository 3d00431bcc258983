"""What becomes of the workspace when the deployer is killed, raced or wrong: judged by the emulator alone."""
