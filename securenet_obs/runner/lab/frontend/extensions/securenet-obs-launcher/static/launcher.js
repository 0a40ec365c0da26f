// Adds the start pages to JupyterLab's launcher, and keeps the outcome of a check on one line. It
// is written as the container of a federated module that JupyterLab loads, so that it needs no
// build: `init` gets the shared packages, `get` returns a factory of the plugin.
(() => {
  const OPEN = "securenet-obs:open";
  const PAGES = [
    { path: "notebooks/00_start_here.ipynb", label: "Walkthrough", icon: "notebookIcon" },
    { path: "runbooks/00_start_here.ipynb", label: "On-call", icon: "bellIcon" },
  ];
  const STYLE = '.jp-OutputArea td[style*="width:9%"] { white-space: nowrap; }';
  let shared;

  const load = async (name) => (await Object.values(shared[name])[0].get())();

  const activate = (icons) => (app, launcher) => {
    app.commands.addCommand(OPEN, {
      label: (args) => args.label,
      caption: (args) => `Open ${args.path}`,
      icon: (args) => icons[args.icon],
      execute: (args) => app.commands.execute("docmanager:open", { path: args.path }),
    });
    document.head.appendChild(document.createElement("style")).textContent = STYLE;
    PAGES.forEach((args, rank) => {
      launcher.add({ command: OPEN, args, category: "SecureNet", rank });
    });
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["securenet-obs-launcher"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const { ILauncher } = await load("@jupyterlab/launcher");
      const icons = await load("@jupyterlab/ui-components");
      const plugin = {
        id: "securenet-obs-launcher:plugin",
        autoStart: true,
        requires: [ILauncher],
        activate: activate(icons),
      };
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
