"""The deployer killed, raced and broken: what becomes of the workspace, judged by the emulator alone."""
