# With data and results in a storage provider (profiles/s3): local copies under the same relative paths.


@exit_on_error
def link_copies():
    """Link data and results to the local copies of what is stored: stages read shards and runs by their folders."""
    settings = workflow.storage_settings
    if settings.default_storage_provider is None:
        return
    bucket = str(settings.default_storage_prefix).partition("://")[2]
    copies = Path(settings.local_storage_prefix, settings.default_storage_provider, bucket).absolute()
    for name in ("data", "results"):
        folder, link = copies / name, Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink() and link.exists():
            raise SerError(
                f"{link.absolute()} contains files of a run without {settings.default_storage_provider} storage; the link to "
                "the local copies goes there. Work in another folder, or move the files away."
            )
        if link.is_symlink() and link.readlink() != folder:
            link.unlink()
        if not link.is_symlink():
            link.symlink_to(folder)


link_copies()
