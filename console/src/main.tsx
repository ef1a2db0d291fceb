import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./app/base.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/query";
import { router } from "./app/router";
import { styles } from "./app/styles";
import { theme, variables } from "./app/theme";
import { Boundary } from "./components/Broken";
import { takeZoneFromUrl } from "./state/zone";

takeZoneFromUrl(location.search);

const place = document.getElementById("root");
if (!place) throw new Error("index.html has no #root");

await styles();
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <Boundary>
          <Notifications position="bottom-right" limit={4} />
          <RouterProvider router={router} />
        </Boundary>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
