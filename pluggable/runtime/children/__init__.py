"""The processes in which bundled components run: started or forked, watched, and gone with the sidecar."""
