using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class ModelListIndexes : Migration
    {
        private static readonly string[] Metrics =
            ["logloss", "rmse", "mse", "mae", "auc", "accuracy", "r2", "macro_f1", "micro_f1", "macro_precision", "macro_recall"];

        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "deleted_at",
                table: "users",
                type: "timestamp with time zone",
                nullable: true);

            // Those that EF Core could not describe; the new ones of the same names are smaller, and serve both directions.
            foreach (var metric in Metrics)
                migrationBuilder.Sql($"drop index if exists ix_models_by_{metric};");

            migrationBuilder.DropIndex(
                name: "IX_models_created_at_id",
                table: "models");

            migrationBuilder.AddColumn<string>(
                name: "search_text",
                table: "models",
                type: "text",
                nullable: true,
                computedColumnSql: "lower(name || E'\\n' || algorithm)",
                stored: true);

            migrationBuilder.CreateIndex(
                name: "ix_models_by_accuracy",
                table: "models",
                columns: new[] { "metric_accuracy", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null and metric_accuracy is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_auc",
                table: "models",
                columns: new[] { "metric_auc", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null and metric_auc is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_logloss",
                table: "models",
                columns: new[] { "metric_logloss", "id" },
                filter: "artifact_sha256 is not null and metric_logloss is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_macro_f1",
                table: "models",
                columns: new[] { "metric_macro_f1", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null and metric_macro_f1 is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_macro_precision",
                table: "models",
                columns: new[] { "metric_macro_precision", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null and metric_macro_precision is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_macro_recall",
                table: "models",
                columns: new[] { "metric_macro_recall", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null and metric_macro_recall is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_mae",
                table: "models",
                columns: new[] { "metric_mae", "id" },
                filter: "artifact_sha256 is not null and metric_mae is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_micro_f1",
                table: "models",
                columns: new[] { "metric_micro_f1", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null and metric_micro_f1 is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_mse",
                table: "models",
                columns: new[] { "metric_mse", "id" },
                filter: "artifact_sha256 is not null and metric_mse is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_r2",
                table: "models",
                columns: new[] { "metric_r2", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null and metric_r2 is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_by_rmse",
                table: "models",
                columns: new[] { "metric_rmse", "id" },
                filter: "artifact_sha256 is not null and metric_rmse is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id" });

            migrationBuilder.CreateIndex(
                name: "ix_models_newest",
                table: "models",
                columns: new[] { "created_at", "id" },
                descending: new[] { true, false },
                filter: "artifact_sha256 is not null")
                .Annotation("Npgsql:IndexInclude", new[] { "project_id", "experiment_id", "algorithm", "is_best", "search_text" });

            // Texts within names, by their trigrams. The extension comes with PostgreSQL; where it was left out, or is not allowed, a search reads
            // the names out of ix_models_newest.
            migrationBuilder.Sql(
                """
                do $$
                begin
                    create extension if not exists pg_trgm;
                    create index ix_models_search on models using gin (search_text gin_trgm_ops) where artifact_sha256 is not null;
                exception when others then
                    raise notice 'Models are searched without an index of trigrams: %', sqlerrm;
                end $$;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "deleted_at",
                table: "users");

            migrationBuilder.Sql("drop index if exists ix_models_search;");
            migrationBuilder.DropIndex(
                name: "ix_models_by_accuracy",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_auc",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_logloss",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_macro_f1",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_macro_precision",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_macro_recall",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_mae",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_micro_f1",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_mse",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_r2",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_by_rmse",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_newest",
                table: "models");

            migrationBuilder.DropColumn(
                name: "search_text",
                table: "models");

            migrationBuilder.CreateIndex(
                name: "IX_models_created_at_id",
                table: "models",
                columns: new[] { "created_at", "id" },
                descending: new[] { true, false });

            foreach (var metric in Metrics)
            {
                var direction = metric is "logloss" or "rmse" or "mse" or "mae" ? "" : " desc";
                migrationBuilder.Sql($"create index ix_models_by_{metric} on models ((metric_{metric} is null), metric_{metric}{direction}, id);");
            }
        }
    }
}
