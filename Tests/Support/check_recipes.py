"""Checks YAML files against a JSON schema: check_recipes.py SCHEMA FILE...

Prints the path of each file that does not fit, a tab, and why.
"""

import json
import sys

import jsonschema
import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
validator = jsonschema.validators.validator_for(schema, default=None)
validator.check_schema(schema)
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        # Through JSON, which is what the schema speaks of: dates and keys that are numbers have no place in it.
        recipe = json.loads(json.dumps(yaml.safe_load(file), default=str))
    error = jsonschema.exceptions.best_match(validator(schema).iter_errors(recipe))
    if error:
        print(f"{path}\t{error.message[:200]}".replace("\n", " "))
