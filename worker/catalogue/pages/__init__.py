"""The words of the pages, a module a room; `common` are those of all."""
