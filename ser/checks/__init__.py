"""What every module of a kind must compute: its contract, checked on small inputs by ``ser check`` and by the tests."""
