// The API's own explorer: requests go out with the console's session, or with a key that is typed in.
const session = fetch("/api/v1/session")
  .then((answer) => (answer.ok ? answer.json() : null))
  .catch(() => null);

window.SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  domNode: document.getElementById("explorer"),
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: async (request) => {
    const found = await session;
    if (found?.csrfToken && !request.headers.Authorization) request.headers["X-Syncline-CSRF"] = found.csrfToken;
    return request;
  },
});
