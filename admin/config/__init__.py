"""The configuration file: YAML to frozen, checked models, with every mistake named by file and line.

What lives here: the keys, their types, defaults and words (the models are the manual), and the checks between them.
What never does: what the values mean for queries or lists (``admin.services``), and any change of the file.
"""

from admin.config.loading import default_path, load
from admin.config.problems import ConfigError, Problem
from admin.config.settings import Config

__all__ = ["Config", "ConfigError", "Problem", "default_path", "load"]
