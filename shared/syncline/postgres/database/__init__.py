"""The pool, migrations, retention, and near names: what every other room stands on."""
