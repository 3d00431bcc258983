"""The tables behind publishing and running: pipelines, the scheduling side, instances.

`store` makes them; `pipeline_rows`, `scheduling` and `run_rows` read and write them. Times are in
ms since the epoch, `env` is `Prod` or `Dev`.
"""

TABLES = """
CREATE TABLE IF NOT EXISTS project_mode (
  project INTEGER PRIMARY KEY REFERENCES project, mode TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pipeline (
  id TEXT PRIMARY KEY, project INTEGER NOT NULL, type TEXT NOT NULL, object TEXT NOT NULL,
  description TEXT NOT NULL, creator TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL,
  auto_until TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS pipeline_object ON pipeline (object, status);
CREATE TABLE IF NOT EXISTS stage (
  pipeline TEXT NOT NULL REFERENCES pipeline ON DELETE CASCADE, step INTEGER NOT NULL,
  code TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL, detail TEXT NOT NULL,
  asked TEXT NOT NULL, due INTEGER, PRIMARY KEY (pipeline, step));
CREATE INDEX IF NOT EXISTS stage_due ON stage (status, due);
CREATE TABLE IF NOT EXISTS item (
  id TEXT PRIMARY KEY, pipeline TEXT NOT NULL REFERENCES pipeline ON DELETE CASCADE,
  object TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
  spec TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL,
  created INTEGER NOT NULL, modified INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS item_pipeline ON item (pipeline);
CREATE INDEX IF NOT EXISTS item_object ON item (object);
CREATE TABLE IF NOT EXISTS package (
  pipeline TEXT PRIMARY KEY REFERENCES pipeline ON DELETE CASCADE, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS online_workflow (
  env TEXT NOT NULL, id INTEGER NOT NULL, project INTEGER NOT NULL, object TEXT NOT NULL,
  kind TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, spec TEXT NOT NULL,
  effective INTEGER NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,
  PRIMARY KEY (env, id));
CREATE UNIQUE INDEX IF NOT EXISTS online_workflow_object ON online_workflow (env, object);
CREATE TABLE IF NOT EXISTS online_task (
  env TEXT NOT NULL, id INTEGER NOT NULL, workflow INTEGER NOT NULL, project INTEGER NOT NULL,
  object TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, command TEXT NOT NULL,
  spec TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY (env, id));
CREATE UNIQUE INDEX IF NOT EXISTS online_task_object ON online_task (env, object);
CREATE INDEX IF NOT EXISTS online_task_workflow ON online_task (env, workflow);
CREATE TABLE IF NOT EXISTS online_output (
  env TEXT NOT NULL, holder INTEGER NOT NULL, project INTEGER NOT NULL, data TEXT NOT NULL,
  PRIMARY KEY (env, holder, data));
CREATE INDEX IF NOT EXISTS online_output_data ON online_output (env, data);
CREATE TABLE IF NOT EXISTS online_edge (
  env TEXT NOT NULL, holder INTEGER NOT NULL, type TEXT NOT NULL, output TEXT NOT NULL,
  PRIMARY KEY (env, holder, type, output));
CREATE INDEX IF NOT EXISTS online_edge_output ON online_edge (env, output);
CREATE TABLE IF NOT EXISTS operation (
  id TEXT PRIMARY KEY, project INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  status TEXT NOT NULL, message TEXT NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL,
  parallelism INTEGER NOT NULL, payload TEXT NOT NULL, asked TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS operation_due ON operation (status, due);
CREATE INDEX IF NOT EXISTS operation_name ON operation (project, name);
CREATE TABLE IF NOT EXISTS run (
  id INTEGER PRIMARY KEY, operation TEXT NOT NULL, turn INTEGER NOT NULL,
  project INTEGER NOT NULL, env TEXT NOT NULL, workflow INTEGER NOT NULL,
  unified INTEGER NOT NULL, task_run INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
  owner TEXT NOT NULL, bizdate INTEGER NOT NULL, status TEXT NOT NULL, held INTEGER NOT NULL,
  parameters TEXT NOT NULL, tags TEXT NOT NULL, triggered INTEGER NOT NULL, due INTEGER,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, started INTEGER, finished INTEGER);
CREATE INDEX IF NOT EXISTS run_bizdate ON run (project, bizdate);
CREATE INDEX IF NOT EXISTS run_due ON run (status, due);
CREATE INDEX IF NOT EXISTS run_operation ON run (operation, turn);
CREATE TABLE IF NOT EXISTS task_run (
  id INTEGER NOT NULL, number INTEGER NOT NULL, latest INTEGER NOT NULL,
  run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, task INTEGER NOT NULL,
  name TEXT NOT NULL, owner TEXT NOT NULL, command TEXT NOT NULL, spec TEXT NOT NULL,
  workflow INTEGER NOT NULL, workflow_name TEXT NOT NULL, upstream TEXT NOT NULL,
  status TEXT NOT NULL, dry INTEGER NOT NULL, message TEXT NOT NULL, due INTEGER,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, started INTEGER, finished INTEGER,
  PRIMARY KEY (id, number));
CREATE INDEX IF NOT EXISTS task_run_run ON task_run (run, latest);
CREATE INDEX IF NOT EXISTS task_run_due ON task_run (status, due);
CREATE TABLE IF NOT EXISTS planned_failure (
  name TEXT PRIMARY KEY, message TEXT NOT NULL, remaining INTEGER NOT NULL)
"""
