"""What Prometheus, Grafana or Zabbix asks: `esms-worker metrics`. Needs the extra `metrics`, and nothing of `http`.

families: what is told, and what it means ─ asking: the ledger, asked once however many ask us ─ serving: the process
"""
