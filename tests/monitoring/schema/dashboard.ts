// What Grafana's own types say of a dashboard. In a file, words stand where they have enumerations,
// and what has a default may be left out.
import type { AnnotationQuery, Dashboard, FieldConfig, Panel, RowPanel } from "@grafana/schema";
import type * as bars from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as states from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as series from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Written<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends (infer E)[]
      ? Written<E>[]
      : T extends object
        ? { [K in keyof T]?: Written<T[K]> }
        : T;

// The datasource's own part, which the schema leaves open:
// https://grafana.com/docs/grafana/latest/datasources/prometheus/
type Query = {
  datasource: { type: "prometheus"; uid: string };
  expr: string;
  refId: string;
  instant: boolean;
  range: boolean;
  legendFormat?: string;
  format?: "time_series" | "table" | "heatmap";
  editorMode?: "code" | "builder";
};

type Override = {
  matcher: { id: "byName" | "byRegexp"; options: string };
  properties: { id: "color" | "unit" | "thresholds" | "mappings" | "custom.cellOptions"; value: unknown }[];
};

type Kind<Name, Options, Custom> = Omit<Written<Panel>, "type" | "options" | "fieldConfig" | "targets"> & {
  type: Name;
  targets: Query[];
  options: Written<Options>;
  fieldConfig: {
    defaults: Written<Omit<FieldConfig, "custom">> & { custom?: Written<Custom> };
    overrides: Override[];
  };
};

type AnyPanel =
  | Kind<"timeseries", series.Options, series.FieldConfig>
  | Kind<"state-timeline", states.Options, states.FieldConfig>
  | Kind<"stat", stat.Options, never>
  | Kind<"bargauge", bars.Options, never>
  | Kind<"table", table.Options, table.FieldConfig>
  | (Written<RowPanel> & { type: "row" });

type Annotation = Omit<Written<AnnotationQuery>, "target"> & {
  target: Query;
  expr: string;
  titleFormat: string;
  textFormat: string;
  useValueForTime?: boolean;
};

export type File = Omit<Written<Dashboard>, "panels" | "annotations"> & {
  panels: AnyPanel[];
  annotations: { list: Annotation[] };
};
