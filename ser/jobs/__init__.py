"""What a job needs to know of its machine: devices, scheduler, progress, failures."""
