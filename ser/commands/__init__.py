"""The verbs for people: every public function of a module here is one."""
