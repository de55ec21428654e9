import { HostApp } from "./host-app.ts";

customElements.define("host-app", HostApp);
