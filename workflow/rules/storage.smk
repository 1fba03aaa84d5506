# Where a storage provider holds data and results (profiles/s3): local copies under the same relative paths.


def link_copies():
    """Make data and results mean the local copies of what is stored: stages look for shards and runs by their folders."""
    settings = workflow.storage_settings
    if settings.default_storage_provider is None:
        return
    bucket = str(settings.default_storage_prefix).partition("://")[2]
    copies = Path(settings.local_storage_prefix, settings.default_storage_provider, bucket).absolute()
    for name in ("data", "results"):
        folder, link = copies / name, Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink() and link.exists():
            raise WorkflowError(
                f"{link.absolute()} holds files of a run without {settings.default_storage_provider} storage, where its"
                " local copies should be. Work in another folder, or move it away."
            )
        if link.is_symlink() and link.readlink() != folder:
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(folder)


link_copies()
