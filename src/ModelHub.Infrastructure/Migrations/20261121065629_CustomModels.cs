using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class CustomModels : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "custom_models",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    language = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    type = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    target_type = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    target = table.Column<string>(type: "jsonb", nullable: false),
                    runtime = table.Column<string>(type: "jsonb", nullable: false),
                    user_provided_id = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: true),
                    training_data_of_versions = table.Column<bool>(type: "boolean", nullable: false),
                    training_data = table.Column<string>(type: "jsonb", nullable: true),
                    git = table.Column<string>(type: "jsonb", nullable: true),
                    template_id = table.Column<Guid>(type: "uuid", nullable: true),
                    visibility = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    extra = table.Column<string>(type: "jsonb", nullable: false),
                    latest_version_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_models", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_models_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "execution_environments",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    language = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false),
                    use_cases = table.Column<string>(type: "jsonb", nullable: false),
                    is_public = table.Column<bool>(type: "boolean", nullable: false),
                    owner_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_execution_environments", x => x.id);
                    table.ForeignKey(
                        name: "FK_execution_environments_users_owner_id",
                        column: x => x.owner_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_grants",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    can_share = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_grants", x => new { x.model_id, x.user_id });
                    table.ForeignKey(
                        name: "FK_custom_model_grants_custom_models_model_id",
                        column: x => x.model_id,
                        principalTable: "custom_models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_custom_model_grants_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "environment_grants",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    environment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    role = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    can_share = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_environment_grants", x => new { x.environment_id, x.user_id });
                    table.ForeignKey(
                        name: "FK_environment_grants_execution_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "execution_environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_environment_grants_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "environment_versions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    environment_id = table.Column<Guid>(type: "uuid", nullable: false),
                    label = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: false),
                    context_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    context_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    context_size = table.Column<long>(type: "bigint", nullable: true),
                    image_name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true),
                    image_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    image_size = table.Column<long>(type: "bigint", nullable: true),
                    image_uri = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: true),
                    build_status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    build_log = table.Column<string>(type: "text", nullable: false),
                    build_error = table.Column<string>(type: "text", nullable: false),
                    build_id = table.Column<Guid>(type: "uuid", nullable: true),
                    image_id = table.Column<Guid>(type: "uuid", nullable: false),
                    engine_image = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    built_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_environment_versions", x => x.id);
                    table.ForeignKey(
                        name: "FK_environment_versions_artifacts_context_sha256",
                        column: x => x.context_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_environment_versions_artifacts_image_sha256",
                        column: x => x.image_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_environment_versions_execution_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "execution_environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_versions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    model_id = table.Column<Guid>(type: "uuid", nullable: false),
                    major = table.Column<int>(type: "integer", nullable: false),
                    minor = table.Column<int>(type: "integer", nullable: false),
                    description = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: true),
                    environment_id = table.Column<Guid>(type: "uuid", nullable: true),
                    environment_version_id = table.Column<Guid>(type: "uuid", nullable: true),
                    runtime = table.Column<string>(type: "jsonb", nullable: false),
                    training_data = table.Column<string>(type: "jsonb", nullable: true),
                    holdout_data = table.Column<string>(type: "jsonb", nullable: true),
                    git = table.Column<string>(type: "jsonb", nullable: true),
                    dependencies = table.Column<string>(type: "jsonb", nullable: false),
                    metadata = table.Column<string>(type: "jsonb", nullable: false),
                    frozen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    framework = table.Column<string>(type: "character varying(50)", maxLength: 50, nullable: true),
                    conversion = table.Column<string>(type: "jsonb", nullable: true),
                    upload_sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    status = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false),
                    error_summary = table.Column<string>(type: "character varying(10000)", maxLength: 10000, nullable: true),
                    extra = table.Column<string>(type: "jsonb", nullable: false),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_versions", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_artifacts_upload_sha256",
                        column: x => x.upload_sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_custom_models_model_id",
                        column: x => x.model_id,
                        principalTable: "custom_models",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_environment_versions_environment_vers~",
                        column: x => x.environment_version_id,
                        principalTable: "environment_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "FK_custom_model_versions_execution_environments_environment_id",
                        column: x => x.environment_id,
                        principalTable: "execution_environments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                });

            migrationBuilder.CreateTable(
                name: "custom_model_files",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    version_id = table.Column<Guid>(type: "uuid", nullable: false),
                    ordinal = table.Column<int>(type: "integer", nullable: false),
                    path = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    origin = table.Column<string>(type: "jsonb", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_custom_model_files", x => x.id);
                    table.ForeignKey(
                        name: "FK_custom_model_files_artifacts_sha256",
                        column: x => x.sha256,
                        principalTable: "artifacts",
                        principalColumn: "sha256",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_custom_model_files_custom_model_versions_version_id",
                        column: x => x.version_id,
                        principalTable: "custom_model_versions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.InsertData(
                table: "execution_environments",
                columns: new[] { "id", "created_at", "deleted_at", "description", "is_public", "language", "name", "owner_id", "use_cases" },
                values: new object[] { new Guid("00000000-0000-8000-8000-000000000b01"), new DateTimeOffset(new DateTime(2025, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), null, "The Python of the machine that the hub runs on, in a sandbox.", true, "python", "Python 3 on this host", null, "[\"customModel\"]" });

            migrationBuilder.InsertData(
                table: "environment_versions",
                columns: new[] { "id", "build_error", "build_id", "build_log", "build_status", "built_at", "context_name", "context_sha256", "context_size", "created_at", "created_by", "description", "engine_image", "environment_id", "image_id", "image_name", "image_sha256", "image_size", "image_uri", "label" },
                values: new object[] { new Guid("00000000-0000-8000-8000-000000000b02"), "", null, "", "Success", new DateTimeOffset(new DateTime(2025, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), null, null, null, new DateTimeOffset(new DateTime(2025, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)), null, "", null, new Guid("00000000-0000-8000-8000-000000000b01"), new Guid("00000000-0000-8000-8000-000000000b02"), null, null, null, null, "host" });

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_files_sha256",
                table: "custom_model_files",
                column: "sha256");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_files_version_id_path",
                table: "custom_model_files",
                columns: new[] { "version_id", "path" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_grants_user_id",
                table: "custom_model_grants",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_environment_id",
                table: "custom_model_versions",
                column: "environment_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_environment_version_id",
                table: "custom_model_versions",
                column: "environment_version_id");

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_model_id_major_minor",
                table: "custom_model_versions",
                columns: new[] { "model_id", "major", "minor" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_number",
                table: "custom_model_versions",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_model_versions_upload_sha256",
                table: "custom_model_versions",
                column: "upload_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_created_at",
                table: "custom_models",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_number",
                table: "custom_models",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_project_id_name",
                table: "custom_models",
                columns: new[] { "project_id", "name" });

            migrationBuilder.CreateIndex(
                name: "IX_custom_models_project_id_user_provided_id",
                table: "custom_models",
                columns: new[] { "project_id", "user_provided_id" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_environment_grants_user_id",
                table: "environment_grants",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_environment_versions_context_sha256",
                table: "environment_versions",
                column: "context_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_environment_versions_environment_id_created_at",
                table: "environment_versions",
                columns: new[] { "environment_id", "created_at" });

            migrationBuilder.CreateIndex(
                name: "IX_environment_versions_image_sha256",
                table: "environment_versions",
                column: "image_sha256");

            migrationBuilder.CreateIndex(
                name: "IX_execution_environments_created_at",
                table: "execution_environments",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "IX_execution_environments_owner_id",
                table: "execution_environments",
                column: "owner_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "custom_model_files");

            migrationBuilder.DropTable(
                name: "custom_model_grants");

            migrationBuilder.DropTable(
                name: "environment_grants");

            migrationBuilder.DropTable(
                name: "custom_model_versions");

            migrationBuilder.DropTable(
                name: "custom_models");

            migrationBuilder.DropTable(
                name: "environment_versions");

            migrationBuilder.DropTable(
                name: "execution_environments");
        }
    }
}
