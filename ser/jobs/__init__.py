"""What a job needs besides its numbers: devices, energy, versions, progress lines, the scheduler, failures."""
